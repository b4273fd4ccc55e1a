restored_environment = Environment.get(workspace=ws,name="myenv",version="1")
