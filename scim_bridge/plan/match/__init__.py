"""Who is who: which resource of the target belongs to which record."""
