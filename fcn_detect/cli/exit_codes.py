"""How a command ends; 2 is click's own, for wrong usage."""

FAILED = 1
SOME_IMAGES_FAILED = 3
INTERRUPTED = 130
TERMINATED = 143
