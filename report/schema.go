package report

import _ "embed"

//go:embed result.schema.json
var schema string

// Schema returns the JSON Schema (draft 2020-12) of a line that [Line] and
// [Inspection] write. docs/result.schema.json is a copy of it.
func Schema() string { return schema }
