"""HL7 FHIR R4: bundles and newline-delimited resources."""
