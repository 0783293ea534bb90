/// Endpoints as text for people and logs, in the form of ``SocketAddress/description``.
enum EndpointText {
    /// Host and port, such as `example.com:80` and `[::1]:80`.
    @inline(never)
    static func of(host: String, port: Int) -> String {
        MessageText.escaped(host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
    }

    /// A path, such as `unix:/run/x.sock` and `unix:@name`.
    @inline(never)
    static func of(path: String) -> String {
        (try? SocketAddress.unix(path: path))?.description ?? "unix:\(MessageText.escaped(path))"
    }
}
