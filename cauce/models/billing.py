"""Plans and their dated prices and limits, subscriptions, invoices, payments, exchange rates."""
