"""What a template may not hold: dead services, retired values, what AWS tells only at deploy time."""
