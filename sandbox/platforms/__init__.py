"""The platforms: one file each speaks one platform's protocol over the world."""
