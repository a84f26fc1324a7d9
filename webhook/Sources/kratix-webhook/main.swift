await KratixWebhookCommand.main()
