"""Files and events arrive in bronze, exactly once: landing, the topic, what was pulled."""
