"""Synonyms: what the columns of people's lists are called in five languages, by what we do with them; pure."""

from collections.abc import Mapping

from crm.base.asked import EMAIL, NAMES

_MORE: Mapping[str, str] = {
    "name": "contact display_name fn client customer person пользователь контакт покупатель клиент_имя հաճախորդ կլիենտ კლიენტი მომხმარებელი ደንበኛ",
    "phone": "whatsapp viber contact_number phone_1_value tel_no номер_тел моб телефоны тел_моб հեռ_համար ტელ ስልክ_ቁ mob",
    EMAIL: "e_mail_1_value email_1 mail_address электронный_адрес",
    "company": "company organization organisation company_name firm employer org ընկերություն կազմակերպություն ֆիրմա კომპანია ორგანიზაცია ფირმა "
    "ድርጅት ኩባንያ компания организация фирма название_компании",
    "kind": "kind type category contact_type տեսակ ტიპი ዓይነት тип категория вид",
    "deal": "deal deal_title deal_name opportunity order subject need product service request գործարք պատվեր გარიგება შეკვეთა ስምምነት ትዕዛዝ "
    "сделка название_сделки заказ товар услуга потребность",
    "amount": "amount sum value price total deal_amount budget գումար գին արժեք თანხა ფასი ገንዘብ ዋጋ сумма цена бюджет стоимость",
    "stage": "stage deal_stage pipeline_stage փուլ ეტაპი ደረጃ этап стадия этап_сделки",
    "tags": "tags tag labels label groups keywords պիտակ պիտակներ ნიშანი ნიშნები თეგები መለያ መለያዎች теги тег метки метка ярлыки группы",
    "consent": "consent marketing opt_in offers newsletter subscribed accepts_marketing email_marketing_consent համաձայնություն თანხმობა ፈቃድ "
    "согласие подписка рассылка согласие_на_рассылку",
    "consent_at": "consent_date consent_at opt_in_date subscribed_at date_of_consent համաձայնության_ամսաթիվ თანხმობის_თარიღი የፈቃድ_ቀን дата_согласия",
    "consent_source": "consent_source consent_from opt_in_source where_agreed համաձայնության_աղբյուր თანხმობის_წყარო источник_согласия",
}
TARGETS = (*NAMES, "company", "kind", "deal", "amount", "stage", "tags", "consent", "consent_at", "consent_source")
"""What a column may be; besides, `field:<name>` is a field of the firm's own, "-" is left out."""
MANY = frozenset({"phone", EMAIL})
"""What a person may have several of, so that several columns may be it."""


def _table() -> dict[str, str]:
    found: dict[str, str] = {}
    for words in (NAMES, _MORE):
        for ours, synonyms in words.items():
            for synonym in synonyms.split():
                found.setdefault(synonym, ours)
    return found


_KNOWN = _table()


def known(plain_name: str) -> str:
    """What a column of this name is ("" = not known); numbers behind a name say only which of several it is."""
    return _KNOWN.get(plain_name) or _KNOWN.get(plain_name.rstrip("0123456789").rstrip("_"), "")
