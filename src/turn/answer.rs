//! What the dialogue expects to hear next.

use super::endpoint::Patience;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Answer {
    /// Anything.
    #[default]
    Open,
    YesNo,
    /// Yes, or what is wrong with what was read back: "non, 06 13 …".
    Confirmation,
    /// One of these, as they are written.
    Choice(Vec<String>),
    Telephone,
    Number,
    Date,
    Time,
    /// Of a person, perhaps spelled.
    Name,
    Address,
    Email,
    Message,
}

impl Answer {
    pub fn patience(&self) -> Patience {
        match self {
            Self::YesNo | Self::Choice(_) => Patience::Short,
            Self::Open | Self::Confirmation => Patience::Normal,
            Self::Number | Self::Date | Self::Time => Patience::Value,
            Self::Telephone | Self::Name | Self::Address | Self::Email | Self::Message => Patience::Dictation,
        }
    }
}
