from mlenv_jupyter import Environment
Environment(name="myenv")
