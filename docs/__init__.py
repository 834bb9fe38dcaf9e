"""How the labs are told: guides whose commands are run, parts of them that are generated, and the site."""
