/// An option of a connection's socket that can be changed while it is open.
package enum SocketOption {
    case noDelay(Bool)
    case keepAlive(StreamOptions.KeepAlive)
}
