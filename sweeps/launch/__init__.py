"""Starting agents on other machines: engines behind one small interface, found by their names."""
