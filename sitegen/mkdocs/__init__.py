"""The plugin `runstore` of MkDocs: panels, tables, values and claims over a store's runs, on any page of its sites."""
