import Glibc

/// What every server is told on its command line: `--port N`, 0 for any, and `--mode WHICH`.
public struct PeerOptions: Sendable {
    /// What a server does with its connections.
    public enum Mode: String, Sendable { case echo, lines, sink, source }

    /// Where to listen.
    public private(set) var port = 0
    /// Echo, unless told otherwise.
    public private(set) var mode = Mode.echo

    /// What `source` writes at a time.
    public static let pieceSize = 64 * 1024
    /// That of all servers.
    public static let backlog: Int32 = 4096

    /// Reads the command line, or ends the program with a line about it.
    public init() {
        var rest = CommandLine.arguments.dropFirst().makeIterator()
        while let name = rest.next() {
            switch (name, rest.next()) {
            case ("--port", let value?) where Int(value) != nil: port = Int(value) ?? 0
            case ("--mode", let value?) where Mode(rawValue: value) != nil: mode = Mode(rawValue: value) ?? .echo
            default:
                print("usage: \(CommandLine.arguments[0]) [--port N] [--mode echo|lines|sink|source]")
                exit(2)
            }
        }
    }

    /// Says where it listens, as the harness wants to be told.
    public static func tell(port: Int) {
        print("listening on \(port)")
        fflush(nil)  // a pipe is not flushed by the line
    }
}
