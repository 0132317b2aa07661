"""Events in, exactly these commands out."""
