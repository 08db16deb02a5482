import HyperoSchema

extension RedisURL {
    /// Where the server is and which of its databases, without the account: the same for all who mean it.
    package var place: String {
        var url = self
        url.user = nil
        return url.description
    }
}
