"""Validates OCSF events, one a line on standard input, against the schema that the package ocsf-json-schema carries."""

import json
import sys

import jsonschema
import ocsf_json_schema

schemas = ocsf_json_schema.get_ocsf_schema("1.8.0")
schema = ocsf_json_schema.OcsfJsonSchemaEmbedded(schemas)
count = 0
for line in sys.stdin:
    event = json.loads(line)
    uri = schema.lookup_class_name_from_uid(event["class_uid"])
    jsonschema.validate(event, schema.get_class_schema(uri, event["metadata"]["profiles"]))
    count += 1
print(f"{count} events fit")
