mlenv environment register -d myenvdir
