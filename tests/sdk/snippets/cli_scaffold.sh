mlenv environment scaffold -n myenv -d myenvdir
