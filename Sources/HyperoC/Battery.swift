// The functions have the names of hypero.h, which documents them.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CHypero
import Glibc
import Hypero

/// Makes the handle of a battery.
@c @implementation
public func hypero_battery_open(
    _ client: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ version: Int64, _ description: UnsafePointer<CChar>?,
    _ objective: UnsafePointer<hypero_objective>?, _ battery: UnsafeMutablePointer<OpaquePointer?>?
) -> hypero_status {
    guard let battery else { return invalid("battery is NULL") }
    battery.pointee = nil
    var given = hypero_objective()
    hypero_objective_init(&given, MemoryLayout<hypero_objective>.size)
    if let objective {
        guard objective.pointee.size >= MemoryLayout<Int>.size else {
            return invalid("the objective has no size. Call hypero_objective_init first")
        }
        memcpy(&given, objective, min(objective.pointee.size, MemoryLayout<hypero_objective>.size))
    }
    if let violation = MaximumCount.violation(
        given.count, of: "the count of directions", atMost: MaximumCount.names)
    {
        return invalid(violation)
    }
    return ClientHandle.with(client) { client in
        TextArgument.with(name, as: "name") { name in
            TextArgument.withOptional(description, as: "description") { description in
                TextArgument.withOptional(given.channel, as: "the channel of the objective") { channel in
                    var directions: [String: Direction] = [:]
                    for index in 0..<given.count {
                        guard let pointer = given.channels?[index], let direction = given.directions?[index],
                            let name = String(validatingCString: pointer)
                        else { return invalid("the direction \(index) of the objective is NULL, or not UTF-8") }
                        guard let direction = Direction(direction) else { return notADirection(direction) }
                        directions[name] = direction
                    }
                    let direction = Direction(given.direction)
                    guard direction != nil || given.direction == HYPERO_BY_NAME else {
                        return notADirection(given.direction)
                    }
                    let new = client.hypero.battery(
                        name, version: Int(version), description: description ?? "", objective: channel ?? "valid",
                        direction: direction, directions: directions)
                    if let violation = new.violation { return invalid(violation) }
                    battery.pointee = BatteryHandle(new, of: client).retained()
                    return HYPERO_OK
                }
            }
        }
    }
}

extension Direction {
    fileprivate init?(_ direction: hypero_direction) {
        switch direction {
        case HYPERO_MAX: self = .max
        case HYPERO_MIN: self = .min
        default: return nil
        }
    }
}

private func notADirection(_ direction: hypero_direction) -> hypero_status {
    invalid("a direction must be HYPERO_MAX or HYPERO_MIN, not \(direction.rawValue)")
}

/// The id of the battery in Redis, for example "rnn-visual-attention.v3.b44afc5e".
@c @implementation
public func hypero_battery_id(_ battery: OpaquePointer?) -> UnsafePointer<CChar>? {
    battery.map { BatteryHandle.object(of: $0).id.start } ?? noText
}

/// Frees the handle.
@c @implementation
public func hypero_battery_free(_ battery: OpaquePointer?) {
    BatteryHandle.free(battery)
}
