from mlenv_jupyter import Run
Run.get_environment()
