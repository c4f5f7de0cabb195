"""The app of Cauce: pages for admins, analysts and users over the published marts."""
