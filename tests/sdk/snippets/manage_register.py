myenv.register(workspace=ws)
