"""Pick tasks: requisitions on their way through the hands of workers."""
