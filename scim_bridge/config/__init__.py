"""`bridge.yaml` becomes typed settings; secrets stay references until they are needed."""
