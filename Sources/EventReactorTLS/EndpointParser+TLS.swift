public import EventReactorCore
public import EventReactorProtocols

extension EndpointParser where Endpoint == ServerEndpoint {
    /// The same parser with `tls`: servers that speak TLS.
    ///
    /// ```swift
    /// let text = "tls:8443:certificate=/etc/echo/chain.pem:key=/etc/echo/key.pem"
    /// let endpoint = try ServerEndpoint(text: text, by: .standard.addingTLS())
    /// ```
    ///
    /// The arguments are those of `tcp`, and:
    ///
    /// | argument | |
    /// | --- | --- |
    /// | `certificate=` | path of the certificate and its chain, in PEM format; needed |
    /// | `key=` | path of the private key; the file of the certificate unless given |
    /// | `clientTrust=` | path of the authorities of client certificates, which are required then |
    /// | `clientCertificates=requested` | a client without a certificate is served too |
    /// | `alpn=h2,http/1.1` | protocols of the application, in the order of preference |
    ///
    /// Reading such an endpoint reads the files, and blocks meanwhile. ``TLSServerSettings`` has further settings: an
    /// endpoint with those is made by the program.
    public func addingTLS() -> EndpointParser {
        adding("tls") { arguments in
            let endpoint = try arguments.tcpServer()
            let certificate = try arguments.required("certificate")
            let key = arguments.optional("key")
            let trust = arguments.optional("clientTrust")
            let asked = arguments.optional("clientCertificates")
            let protocols = try arguments.optional("alpn")?.applicationProtocols()
            try arguments.checkAllTaken()
            var settings = TLSServerSettings(identity: try certificate.identity(key: key))
            settings.applicationProtocols = protocols ?? []
            switch (trust?.text, asked?.text) {
            case (nil, nil): break
            case (let path?, nil), (let path?, "required"): settings.clientCertificates = .require(.files([path]))
            case (let path?, "requested"): settings.clientCertificates = .request(.files([path]))
            case (nil, _): throw asked?.invalid("given without clientTrust") ?? arguments.invalid("wrong")
            case (_, _):
                throw asked?.invalid("neither required nor requested") ?? arguments.invalid("wrong")
            }
            do throws(TLSError) {
                return endpoint.tls(try TLSServerContext(settings))
            } catch {
                throw arguments.invalid("not usable: \(error)", because: error)
            }
        }
    }
}

extension EndpointParser where Endpoint == ClientEndpoint {
    /// The same parser with `tls`: clients that speak TLS.
    ///
    /// ```swift
    /// let text = "tls:example.org:443:trust=/etc/client/root.pem"
    /// let endpoint = try ClientEndpoint(text: text, by: .standard.addingTLS())
    /// ```
    ///
    /// The arguments are those of `tcp`, and:
    ///
    /// | argument | |
    /// | --- | --- |
    /// | `trust=` | path of the authorities to trust, in PEM format; `system`, the default, for the system's |
    /// | `serverName=` | the name that the server has to prove; the host unless given |
    /// | `certificate=`, `key=` | paths of a client certificate and its key, which is in the same file unless given |
    /// | `alpn=h2,http/1.1` | protocols of the application, in the order of preference |
    ///
    /// The server's certificate and name are verified: no text turns that off. Reading such an endpoint reads the files,
    /// and blocks meanwhile.
    public func addingTLS() -> EndpointParser {
        adding("tls") { arguments in
            let endpoint = try arguments.tcpClient()
            let trust = arguments.optional("trust")
            let serverName = arguments.optional("serverName")
            let certificate = arguments.optional("certificate")
            let key = arguments.optional("key")
            let protocols = try arguments.optional("alpn")?.applicationProtocols()
            try arguments.checkAllTaken()
            var settings = TLSClientSettings()
            if let trust, trust.text != "system" { settings.trust = .files([trust.text]) }
            settings.serverName = serverName?.text
            if let key, certificate == nil { throw key.invalid("given without certificate") }
            settings.identity = try certificate?.identity(key: key)
            settings.applicationProtocols = protocols ?? []
            do throws(TLSError) {
                return endpoint.tls(try TLSClientContext(settings))
            } catch {
                let argument =
                    switch error {
                    case .badTrust: trust
                    case .invalidServerName: serverName
                    default: nil as EndpointArgument?
                    }
                throw argument?.invalid("not usable: \(error)", because: error)
                    ?? arguments.invalid("not usable: \(error)", because: error)
            }
        }
    }
}

extension EndpointArgument {
    /// Loads the certificate that the argument has the path of.
    fileprivate func identity(key: EndpointArgument?) throws(EndpointTextError) -> TLSIdentity {
        do throws(TLSError) {
            return try .pem(chain: text, key: key?.text ?? text)
        } catch {
            throw invalid("not usable: \(error)", because: error)
        }
    }

    /// Names between commas.
    fileprivate func applicationProtocols() throws(EndpointTextError) -> [String] {
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy({ 1...255 ~= $0.utf8.count }) else {
            throw invalid("not a list of names of 1 to 255 bytes, with commas between them")
        }
        return names
    }
}
