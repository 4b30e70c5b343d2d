"""What Spark needs beside Python: Java, jars, and an archive of its classes."""
