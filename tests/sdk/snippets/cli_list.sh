mlenv environment list
