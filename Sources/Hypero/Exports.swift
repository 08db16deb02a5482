// The words of the contract that a user of the client writes: values to record, the direction of an objective, and the
// error of a bad URL.
@_exported import enum HyperoSchema.Direction
@_exported import struct HyperoSchema.SchemaError
@_exported import enum HyperoSchema.Value
@_exported import protocol HyperoSchema.ValueConvertible
