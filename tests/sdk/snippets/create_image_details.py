details = environment.get_image_details(workspace=ws)
