extension Row: Encodable {
    private enum Key: String, CodingKey {
        case section, subject, figure, value, unit, beside, ratio, targets, note
    }

    private enum PeerKey: String, CodingKey {
        case name, value
    }

    private enum TargetKey: String, CodingKey {
        case of, met
        case atLeast = "at_least"
        case atMost = "at_most"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(section, forKey: .section)
        try container.encode(subject, forKey: .subject)
        try container.encode(figure, forKey: .figure)
        try container.encode(value, forKey: .value)
        try container.encode(unit, forKey: .unit)
        if let peer {
            var beside = container.nestedContainer(keyedBy: PeerKey.self, forKey: .beside)
            try beside.encode(peer.name, forKey: .name)
            try beside.encode(peer.value, forKey: .value)
        }
        try container.encodeIfPresent(ratio, forKey: .ratio)
        if !targets.isEmpty {
            var list = container.nestedUnkeyedContainer(forKey: .targets)
            for target in targets {
                var object = list.nestedContainer(keyedBy: TargetKey.self)
                try object.encode(target.subject, forKey: .of)
                switch target.bound {
                case .atLeast(let number): try object.encode(number, forKey: .atLeast)
                case .atMost(let number): try object.encode(number, forKey: .atMost)
                }
                try object.encode(isMet(target), forKey: .met)
            }
        }
        try container.encodeIfPresent(note, forKey: .note)
    }
}
