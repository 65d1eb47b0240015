import MerestoneCore

extension Double {
  /// A span of seconds as people say it: `0.42 s`, `12.3 s`, `3 min 05 s`, `2 h 10 min`.
  package var asDuration: String {
    if self < 10 { return "\(formatted(decimals: 2)) s" }
    if self < 59.95 { return "\(formatted(decimals: 1)) s" }
    let seconds = Int(rounded())
    if seconds < 3600 {
      return "\(seconds / 60) min \(seconds % 60 < 10 ? "0" : "")\(seconds % 60) s"
    }
    let minutes = seconds / 60
    return "\(minutes / 60) h \(minutes % 60 < 10 ? "0" : "")\(minutes % 60) min"
  }

  /// A large number in three digits: `950`, `1.23 k`, `45.6 M`, `7.89 G`.
  package var asMagnitude: String {
    var value = self
    var unit = 0
    let units = ["", " k", " M", " G", " T"]
    while value.magnitude >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    let decimals = unit == 0 || value.magnitude >= 99.5 ? 0 : value.magnitude >= 9.95 ? 1 : 2
    return value.formatted(decimals: decimals) + units[unit]
  }

  /// A share: `12.3%`.
  package var asPercent: String { (self * 100).formatted(decimals: 1) + "%" }
}

extension Int {
  /// `1 node`, `2 nodes`, `1,234 nodes`.
  func counted(_ singular: String, plural: String? = nil) -> String {
    "\(grouped) \(self == 1 ? singular : plural ?? singular + "s")"
  }
}
