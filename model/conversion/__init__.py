"""Published weights into our folders, and our weights into the layout other servers load."""
