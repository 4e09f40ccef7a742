/// An opaque colour in sRGB.
public struct Color: Hashable, Sendable {
  /// From 0 to 255 each.
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8

  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// From a number such as `0x0072b2`; bits above the lower 24 are ignored.
  public init(_ rgb: UInt32) {
    self.init(
      red: UInt8(truncatingIfNeeded: rgb >> 16), green: UInt8(truncatingIfNeeded: rgb >> 8),
      blue: UInt8(truncatingIfNeeded: rgb))
  }

  /// `#0072b2`.
  public var hex: String {
    let digits = Array("0123456789abcdef")
    return [red, green, blue].reduce(into: "#") { text, part in
      text.append(digits[Int(part >> 4)])
      text.append(digits[Int(part & 15)])
    }
  }

  /// The colour this far on the way to another: 0 gives this one, 1 the other.
  public func mixed(with other: Color, _ share: Double) -> Color {
    let share = share.isFinite ? min(max(share, 0), 1) : 0
    func mix(_ a: UInt8, _ b: UInt8) -> UInt8 {
      UInt8((Double(a) + (Double(b) - Double(a)) * share).rounded())
    }
    return Color(
      red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue))
  }

  /// Brightness as eyes weigh it, from 0 (black) to 1 (white); ITU-R BT.601's luma.
  public var brightness: Double {
    (0.299 * Double(red) + 0.587 * Double(green) + 0.114 * Double(blue)) / 255
  }

  /// Text on this colour that can be read: dark on bright, white on dark.
  public var legibleInk: Color { brightness > 0.58 ? .ink : .white }

  public static let white = Color(0xffffff)
  public static let black = Color(0x000000)
  /// Of text.
  public static let ink = Color(0x1f2933)
  /// Of text that stands back: axis labels, captions.
  public static let mutedInk = Color(0x52606d)
  /// Of axes, arrows and outlines.
  public static let outline = Color(0x7b8794)
  /// Of grid lines.
  public static let grid = Color(0xe4e7eb)
  /// Of boxes that need no colour of their own.
  public static let paleGray = Color(0xf2f4f7)

  // The palette of M. Okabe and K. Ito, "Color Universal Design" (2008), which people of all kinds
  // of colour vision tell apart.
  public static let blue = Color(0x0072b2)
  public static let vermilion = Color(0xd55e00)
  public static let green = Color(0x009e73)
  public static let purple = Color(0xcc79a7)
  public static let orange = Color(0xe69f00)
  public static let skyBlue = Color(0x56b4e9)
  public static let gray = Color(0x6b7280)

  /// What series get in turn.
  public static let palette: [Color] = [
    .blue, .vermilion, .green, .purple, .orange, .skyBlue, .gray,
  ]

  /// The palette's colour for the series of a number, from 0; after the last, the first again.
  public static func series(_ number: Int) -> Color {
    palette[((number % palette.count) + palette.count) % palette.count]
  }
}

/// Colours for numbers from 0 to 1.
public struct ColorMap: Hashable, Sendable {
  /// Evenly spaced from 0 to 1; at least one.
  private let anchors: [Color]

  /// - Parameter anchors: evenly spaced from 0 to 1, colours between them are mixed; where there are
  ///   none, everything is gray.
  public init(_ anchors: [Color]) { self.anchors = anchors.isEmpty ? [.gray] : anchors }

  /// Numbers outside 0 … 1 get the colour of the nearer end, what is no number gray.
  public func callAsFunction(_ value: Double) -> Color {
    guard !value.isNaN else { return .grid }
    let place = min(max(value, 0), 1) * Double(anchors.count - 1)
    let lower = Int(place)
    guard lower + 1 < anchors.count else { return anchors[anchors.count - 1] }
    return anchors[lower].mixed(with: anchors[lower + 1], place - Double(lower))
  }

  /// From the last colour to the first.
  public var reversed: ColorMap { ColorMap(anchors.reversed()) }

  /// Dark violet to yellow, even to the eye (N. Smith and S. van der Walt, matplotlib, 2015).
  public static let viridis = ColorMap(
    [
      0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b,
      0xfde725,
    ].map { Color($0) })
  /// White to dark blue (C. Brewer's "Blues"): for counts.
  public static let blues = ColorMap(
    [
      0xffffff, 0xdeebf7, 0xc6dbef, 0x9ecae1, 0x6baed6, 0x4292c6, 0x2171b5, 0x08519c, 0x08306b,
    ].map { Color($0) })
  /// White to a blue on which dark lines are still seen: for grounds.
  public static let haze = ColorMap([0xfafcff, 0xdbe8f3, 0xb5d0e6, 0x86b1d3].map { Color($0) })
  /// Blue below, white in the middle, red above: for signed numbers. The eleven of ColorBrewer's
  /// "RdBu" (C. Brewer, M. Harrower, 2002), which people who do not tell red from green see as well.
  public static let diverging = ColorMap(
    [
      0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xf4a582, 0xd6604d,
      0xb2182b, 0x67001f,
    ].map { Color($0) })
  /// Black to white.
  public static let grays = ColorMap([.black, .white])
}
