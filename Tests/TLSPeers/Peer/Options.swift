/// The command line: a role, then options as `--name` or `--name=value`.
struct Options {
    let role: String
    private var values: [String: [String]] = [:]

    init(_ arguments: [String]) {
        role = arguments.first ?? ""
        for argument in arguments.dropFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            values[parts[0], default: []].append(parts.count > 1 ? parts[1] : "")
        }
    }

    /// The last value of an option; nil if it is not given.
    subscript(name: String) -> String? { values["--" + name]?.last }

    /// A number; a value that is none counts as not given.
    func number(_ name: String) -> Int? { self[name].flatMap { Int($0) } }

    func has(_ name: String) -> Bool { values["--" + name] != nil }

    /// All values of an option that may be given more than once.
    func all(_ name: String) -> [String] { values["--" + name] ?? [] }

    /// A list, separated by commas; empty if the option is not given.
    func list(_ name: String) -> [String] {
        self[name].map { $0.split(separator: ",").map(String.init) } ?? []
    }
}
