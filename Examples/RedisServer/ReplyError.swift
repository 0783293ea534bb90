/// Errors of commands, worded as Redis words them.
enum ReplyError: Error, CustomStringConvertible {
    case wrongType, syntax, notAnInteger, notAFloat, overflow, notPositive, minOrMax
    case arity(of: String)
    case expireTime(of: String)
    case subcommand(String, of: String)
    case other(String)

    var description: String {
        switch self {
        case .wrongType: "WRONGTYPE Operation against a key holding the wrong kind of value"
        case .syntax: "ERR syntax error"
        case .notAnInteger: "ERR value is not an integer or out of range"
        case .notAFloat: "ERR value is not a valid float"
        case .overflow: "ERR increment or decrement would overflow"
        case .notPositive: "ERR value is out of range, must be positive"
        case .minOrMax: "ERR min or max is not a float"
        case .arity(let command): "ERR wrong number of arguments for '\(command)' command"
        case .expireTime(let command): "ERR invalid expire time in '\(command)' command"
        case .subcommand(let name, let command): "ERR unknown subcommand '\(name)'. Try \(command) HELP."
        case .other(let text): text
        }
    }
}
