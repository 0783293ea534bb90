import Glibc

/// The command line of every server: `--port N`, 0 for any, and `--mode WHICH`.
public struct PeerOptions: Sendable {
    /// The work of a server on its connections.
    public enum Mode: String, Sendable { case echo, lines, sink, source }

    /// The port to listen at.
    public private(set) var port = 0
    /// Echo by default.
    public private(set) var mode = Mode.echo

    /// The bytes that `source` writes at a time.
    public static let pieceSize = 64 * 1024
    /// The backlog of all servers.
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

    /// Prints the address that it listens at, in the form that the harness expects.
    public static func tell(port: Int) {
        print("listening on \(port)")
        fflush(nil)  // a pipe is not flushed by the line
    }
}
