"""Asked: what people call the columns of a list and the fields of a form, in five languages; pure."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

EMAIL = "email"
_APART = re.compile(r"\W+")
NAMES: Mapping[str, str] = {
    "name": "name full_name fullname your_name customer_name client_name contact_name contact_person fio "
    "անուն անունը անուն_ազգանուն ձեր_անունը სახელი სახელი სახელი_გვარი სახელი_და_გვარი თქვენი_სახელი ስም ሙሉ_ስም ስምዎ "
    "имя фио ф_и_о ваше_имя имя_и_фамилия имя_фамилия как_вас_зовут контактное_лицо клиент",
    "first_name": "first_name firstname given_name fname",
    "middle_name": "middle_name patronym patronymic отчество հայրանուն",
    "last_name": "last_name lastname surname family_name lname ազգանուն ազգանունը გვარი የአባት_ስም የቤተሰብ_ስም фамилия",
    "phone": "phone tel telephone mobile cell cellphone phone_number phonenumber mobile_phone mobile_number your_phone your_tel contact_phone work_phone "
    "work_phone_number user_phone whatsapp_number phones phone_numbers հեռախոս հեռախոսահամար հեռախոսի_համար ձեր_հեռախոսահամարը հեռ բջջային "
    "ტელეფონი ტელეფონის_ნომერი მობილური მობილურის_ნომერი ნომერი ስልክ ስልክ_ቁጥር የስልክ_ቁጥር ሞባይል "
    "телефон тел номер_телефона мобильный мобильный_телефон ваш_телефон контактный_телефон номер",
    EMAIL: "email emails e_mail mail email_address e_mail_address your_email work_email user_email էլ_փոստ էլփոստ էլ_հասցե էլեկտրոնային_փոստ "
    "ელფოსტა ელ_ფოსტა ელექტრონული_ფოსტა იმეილი ኢሜይል ኢሜል የኢሜይል_አድራሻ почта эл_почта электронная_почта е_мейл емейл имейл email_адрес",
    "language": "language lang locale լեզու ენა ቋንቋ язык",
}
"""What a person's own fields are called, by our names for them; apart by spaces, as `plain` writes them."""


def plain(name: str) -> str:
    """A field's name without marks and capitals: "E-mail*" and "e_mail" are one."""
    return _plain(name[:100])


@lru_cache(maxsize=2048)  # a form asks the same again and again
def _plain(name: str) -> str:
    return _APART.sub("_", unicodedata.normalize("NFKC", name).casefold()).strip("_")
