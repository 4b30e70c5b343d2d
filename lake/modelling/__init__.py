"""Models by name: tuned, trained, judged, registered, and watched for as long as they score."""
