"""openapi.yaml is a valid OpenAPI 3.1 document, references followed."""

import pathlib

from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename

FILE = pathlib.Path(__file__).resolve().parents[2] / "openapi.yaml"

document, base_uri = read_from_filename(str(FILE))
validate(document, base_uri=base_uri)
print(f"openapi.py: {len(document['paths'])} path, {len(document['webhooks'])} webhooks, valid")
