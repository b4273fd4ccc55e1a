myenv.environment_variables = {"MESSAGE":"Hello from Azure Machine Learning"}
