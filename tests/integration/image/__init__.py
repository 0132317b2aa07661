"""The image of the product: its Dockerfile is read, and its steps are carried out in a folder.

dockerfile: reads a Dockerfile and a .dockerignore.
image_folder: carries the steps out, with one stand-in: pip links what is installed here already.
"""
