mlenv environment download -n myenv -d downloaddir
