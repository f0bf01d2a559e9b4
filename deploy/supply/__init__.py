"""What ships and where it comes from: licences, the bill of materials, known vulnerabilities."""
