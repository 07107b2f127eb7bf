"""Where a job's radiographs come from. Each source lists them (`found`) and reads one (`content`)."""
