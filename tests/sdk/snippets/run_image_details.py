details = run.get_environment().get_image_details(workspace=ws)
