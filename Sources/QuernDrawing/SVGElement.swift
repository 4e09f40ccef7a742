/// An element of an SVG file: a name, attributes in the order they are written, and content.
public struct SVGElement: Hashable, Sendable {
  public struct Attribute: Hashable, Sendable {
    public var name: String
    public var value: String
  }

  public var name: String
  public var attributes: [Attribute]
  /// Text before the children.
  public var text: String
  public var children: [SVGElement]

  public init(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String = "",
    children: [SVGElement] = []
  ) {
    self.name = name
    self.attributes = attributes.map { Attribute(name: $0.key, value: $0.value) }
    self.text = text
    self.children = children
  }

  /// Adds an attribute, or replaces the one of this name.
  public mutating func set(_ name: String, _ value: String) {
    if let place = attributes.firstIndex(where: { $0.name == name }) {
      attributes[place].value = value
    } else {
      attributes.append(Attribute(name: name, value: value))
    }
  }

  /// Text as it may stand in XML, between tags or in an attribute.
  ///
  /// Characters that XML 1.0 has no way to write, such as most controls, become U+FFFD.
  public static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result += "&#\(scalar.value);"
      case "\u{0}"..<"\u{20}", "\u{fffe}", "\u{ffff}": result.unicodeScalars.append("\u{fffd}")
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Writes the element and all in it, a line each.
  func write(to output: inout String, depth: Int) {
    output += String(repeating: " ", count: depth) + "<" + name
    for attribute in attributes {
      output += " \(attribute.name)=\"\(Self.escaped(attribute.value))\""
    }
    if text.isEmpty, children.isEmpty {
      output += "/>\n"
      return
    }
    output += ">" + Self.escaped(text)
    if !children.isEmpty {
      output += "\n"
      for child in children { child.write(to: &output, depth: depth + 1) }
      output += String(repeating: " ", count: depth)
    }
    output += "</\(name)>\n"
  }
}
