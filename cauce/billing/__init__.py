"""Money asked of people: the lines of their months, invoices from draft to paid, credit notes."""
