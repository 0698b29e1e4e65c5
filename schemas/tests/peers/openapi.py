"""openapi.yaml and the description of the inspector's API are valid OpenAPI 3.1 documents, references followed."""

import pathlib

from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename

ROOT = pathlib.Path(__file__).resolve().parents[3]

for file in ["schemas/openapi.yaml", "receiver/inspect-api.yaml"]:
    document, base_uri = read_from_filename(str(ROOT / file))
    validate(document, base_uri=base_uri)
    print(f"openapi.py: {file}: {len(document['paths'])} paths, {len(document.get('webhooks', {}))} webhooks, valid")
